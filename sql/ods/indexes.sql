-- The indexes that speed up the extract. The one on loans matters most.

create index branch_bank_idbank_idx on branch (bank_idbank);
create index client_branch_idbranch_idx on client (branch_idbranch);

-- Here, loans are inserted in the order of their dates, so a block range index (40 kB for 20 million loans) finds the
-- window. Elsewhere, use a covering index, which takes 600 MB for 20 million loans; a plain index is worse than none:
--   create index loans_loan_date_idx on loans (loan_date) include (account_idaccount, amount);
create index loans_loan_date_brin on loans using brin (loan_date);
