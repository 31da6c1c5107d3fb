/**
 * Installs Spark and the libraries of AWS Glue 5.0 once into the user's cache: the packages from PyPI into a virtual
 * environment, the JDBC driver from Maven Central. They need Python 3.11 and Java 17.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { cacheDirectory, DidNotRun, exists } from "../support/python";

/** The driver of Glue 5.0. Source: AWS Glue Developer Guide, "JDBC connections". */
const DRIVER = "org.postgresql:postgresql:42.7.3";
const REQUIREMENTS = path.join(__dirname, "requirements.txt");

const execute = promisify(execFile);

export interface Spark {
  /** The directory of the environment's programs: python, ruff, mypy. */
  readonly bin: string;
  /** The variables that configure Spark for the tests. */
  readonly environment: Readonly<Record<string, string>>;
}

/** @throws DidNotRun if Python, Java or a package is not available. */
export async function installSpark(): Promise<Spark> {
  await expectVersion("python3.11", /^Python 3\.11\./, "Python 3.11, the version of Glue 5.0");
  await expectVersion("java", /version "17\./, "Java 17, the version of Glue 5.0");
  const pins = createHash("sha256").update(await readFile(REQUIREMENTS));
  const home = path.join(cacheDirectory, `glue-${pins.digest("hex").slice(0, 12)}`);
  const [bin, ivy] = [path.join(home, "bin"), path.join(home, "ivy")];
  const jar = path.join(ivy, "jars", `${DRIVER.replace(":", "_").replace(":", "-")}.jar`);
  try {
    if (!(await exists(jar))) {
      process.stderr.write(`installing Spark and its driver into ${home} (400 MB) …\n`);
      await mkdir(home, { recursive: true });
      await execute("python3.11", ["-m", "venv", home]);
      await execute(path.join(bin, "pip"), ["install", "--quiet", "--requirement", REQUIREMENTS]);
      // Spark downloads the driver and keeps it.
      const settings = conf({ ...loopback, "spark.jars.packages": DRIVER, "spark.jars.ivy": ivy });
      const session = "from pyspark.sql import SparkSession; SparkSession.builder.getOrCreate().stop()";
      await execute(path.join(bin, "python"), ["-c", session], {
        env: { ...process.env, PYSPARK_SUBMIT_ARGS: [...settings, "pyspark-shell"].join(" ") },
      });
    }
  } catch (cause) {
    throw new DidNotRun(`Spark can't be installed: ${String(cause)}`, { cause });
  }
  return {
    bin,
    environment: {
      SPARK_LOCAL_IP: "127.0.0.1",
      PYSPARK_PYTHON: path.join(bin, "python"),
      PYSPARK_SUBMIT_ARGS: ["--jars", jar, ...conf({ ...loopback, ...small }), "pyspark-shell"].join(" "),
      // Far from UTC on purpose, to show that no date is converted to the local time zone.
      TZ: "Pacific/Apia",
    },
  };
}

const loopback = { "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1" };

/** Enough for two cores and tables of a few thousand rows. */
const small = {
  "spark.master": "local[2]",
  "spark.ui.enabled": "false",
  "spark.sql.shuffle.partitions": "2",
  "spark.driver.memory": "1g",
};

function conf(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ["--conf", `${name}=${value}`]);
}

async function expectVersion(command: string, version: RegExp, needed: string): Promise<void> {
  const { stdout, stderr } = await execute(command, [command === "java" ? "-version" : "--version"]).catch(
    (cause: unknown) => {
      throw new DidNotRun(`no ${needed}: ${command} is not on the PATH`, { cause });
    },
  );
  const output = `${stdout}${stderr}`.trim();
  if (!version.test(output))
    throw new DidNotRun(`no ${needed}: ${command} is ${output.split("\n")[0] ?? ""}`);
}
