-- One row: how this server stores passwords, as text: the method, and the iterations of SCRAM (a setting since
-- PostgreSQL 16; before that, always 4096).

select
    current_setting('password_encryption') as method,
    coalesce(current_setting('scram_iterations', true), '4096') as iterations
