-- The indexes that the extract profits from; the ones on loans matter.

create index branch_bank_idbank_idx on branch (bank_idbank);
create index client_branch_idbranch_idx on client (branch_idbranch);

-- Loans arrive in the order of their dates here, so a block range index (40 kB for 20 million loans) serves the
-- window. Where they don't, a covering index does, at 600 MB for 20 million loans, and a plain one is worse than none:
--   create index loans_loan_date_idx on loans (loan_date) include (account_idaccount, amount);
create index loans_loan_date_brin on loans using brin (loan_date);
