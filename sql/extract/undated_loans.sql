-- Loans without a date belong to no month and stand in no file; they are counted for the manifest.

select count(*) as loan_count
from loans
where loan_date is null
