"""Computes the moving average like a Glue job: reads the tables into Spark over JDBC, and writes one folder per bank.

It writes to a local directory instead of S3, so without the upload. Settings come from the environment. The last line
on standard output is JSON with the time that the work took after Spark had started.
"""

import json
import os
import time

from pyspark.sql import SparkSession

STATEMENT = """
with months as (
    select explode(sequence(
        add_months(date '{month}', -2), date '{month}', interval 1 month
    )) as month_start
),

monthly_loans as (
    select
        client.branch_idbranch as branch_id,
        to_date(date_trunc('month', loans.loan_date)) as month_start,
        count(*) as loan_count,
        count(loans.amount) as amount_count,
        sum(loans.amount) as loan_total
    from loans
    inner join account on account.idaccount = loans.account_idaccount
    inner join client on client.idclient = account.client_idclient
    where
        loans.loan_date >= add_months(date '{month}', -2)
        and loans.loan_date < add_months(date '{month}', 1)
    group by 1, 2
),

branch_months as (
    select
        bank.idbank as bank_id,
        bank.name as bank_name,
        branch.idbranch as branch_id,
        branch.address as branch_address,
        months.month_start,
        coalesce(monthly_loans.loan_count, 0) as loan_count,
        coalesce(monthly_loans.amount_count, 0) as amount_count,
        coalesce(monthly_loans.loan_total, 0) as loan_total
    from bank
    inner join branch on branch.bank_idbank = bank.idbank
    cross join months
    left join monthly_loans
        on monthly_loans.branch_id = branch.idbranch
        and monthly_loans.month_start = months.month_start
),

windowed as (
    select
        *,
        sum(loan_count) over three_months as loan_count_3m,
        sum(amount_count) over three_months as amount_count_3m,
        sum(loan_total) over three_months as loan_total_3m
    from branch_months
    window three_months as (
        partition by branch_id order by month_start rows between 2 preceding and current row
    )
)

select
    bank_id as bank,
    bank_id,
    bank_name,
    branch_id,
    branch_address,
    date_format(month_start, 'yyyy-MM') as month,
    loan_count,
    loan_total,
    round(cast(loan_total as decimal(18, 0)) / cast(nullif(amount_count, 0) as decimal(10, 0)), 2)
        as loan_average,
    loan_count_3m,
    round(cast(loan_total_3m as decimal(18, 0)) / cast(nullif(amount_count_3m, 0) as decimal(10, 0)), 2)
        as moving_average_3m,
    round(cast(loan_total_3m as decimal(18, 0)) / cast(3 as decimal(10, 0)), 2)
        as monthly_total_average_3m
from windowed
where month_start = date '{month}'
order by bank_id, branch_id
"""


def main() -> None:
    """Writes the files of one month."""
    environment = os.environ
    spark = (
        SparkSession.builder.master("local[*]")
        .appName("loan_moving_average")
        .config("spark.jars", environment["BENCH_JDBC_JAR"])
        .config("spark.driver.memory", "4g")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        # The default of 200 is for a cluster.
        .config("spark.sql.shuffle.partitions", "8")
        .config("spark.sql.session.timeZone", "UTC")
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("ERROR")

    started_at = time.monotonic()
    for table in ("bank", "branch", "client", "account", "loans"):
        spark.read.jdbc(
            f"jdbc:postgresql://{environment['PGHOST']}:{environment['PGPORT']}/{environment['PGDATABASE']}",
            table,
            properties={
                "user": environment["PGUSER"],
                "password": environment["PGPASSWORD"],
                "driver": "org.postgresql.Driver",
                # Otherwise the driver would load a whole table into memory.
                "fetchsize": "10000",
            },
        ).createOrReplaceTempView(table)
    rows = spark.sql(STATEMENT.format(month=environment["BENCH_MONTH"]))
    (
        rows.coalesce(1)
        .write.partitionBy("bank")
        .option("header", "true")
        .option("escape", '"')
        .csv(environment["BENCH_OUTPUT"])
    )
    seconds = time.monotonic() - started_at
    spark.stop()
    print(json.dumps({"workSeconds": seconds}))


if __name__ == "__main__":
    main()
