-- The tables of the operational data store, for local use. The extract only reads them.

create table bank (
    idbank integer primary key,
    name varchar(100),
    capitalization integer
);

create table branch (
    idbranch integer primary key,
    bank_idbank integer references bank,
    address varchar(255)
);

create table worker (
    idworker integer primary key,
    name varchar(50),
    surname varchar(50),
    branch_idbranch integer references branch,
    position varchar(100)
);

create table client (
    idclient integer primary key,
    name varchar(50),
    surname varchar(50),
    branch_idbranch integer references branch
);

create table account (
    idaccount integer primary key,
    balance integer,
    client_idclient integer unique references client,
    open_date date
);

create table loans (
    idloan integer primary key,
    amount integer,
    account_idaccount integer references account,
    loan_date date
);
