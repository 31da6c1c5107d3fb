/** What an operator gives Terraform: the files with variables, and the bucket for the state. */
import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import type { Account } from "./account";
import { REGION } from "./stage";
import type { Terraform } from "./terraform";

/** A file with the ids of the account's own network. */
export async function networkFile(account: Account, { directory }: Terraform): Promise<string> {
  const { Subnets } = await account.call<{ Subnets: { SubnetId: string; VpcId: string }[] }>(
    "ec2",
    "describe_subnets",
  );
  const { RouteTables } = await account.call<{ RouteTables: { RouteTableId: string }[] }>(
    "ec2",
    "describe_route_tables",
  );
  const [VpcId = ""] = Subnets.map((subnet) => subnet.VpcId);
  const group = { GroupName: "database", Description: "Aurora", VpcId };
  const { GroupId } = await account.call<{ GroupId: string }>("ec2", "create_security_group", group);
  return variableFile(directory, "network", {
    vpc_id: VpcId,
    private_subnet_ids: Subnets.slice(0, 2).map(({ SubnetId }) => SubnetId),
    private_route_table_ids: RouteTables.map(({ RouteTableId }) => RouteTableId),
    database_security_group_id: GroupId,
  });
}

/** Banks that deliver files. IAM accepts no policy that contains the name of the second one. */
export const BANKS = ["FirstNational", "ŁódźBank"];

/** The tenant that uploads its own files. */
export const WITH_OWN_FILES = "first-national";

/** Shortens the list of tenants in the copy, because each takes seconds on Moto; returns their ids. */
export async function tenantsFile({ directory }: Terraform): Promise<readonly string[]> {
  const file = path.join(directory, "tenants.json");
  const tenants = JSON.parse(await readFile(file, "utf8")) as { id: string }[];
  await writeFile(file, JSON.stringify(tenants.slice(0, 2)));
  return tenants.slice(0, 2).map(({ id }) => id);
}

/** A file with every option of the production example, except Object Lock. */
export async function optionsFile(account: Account, { directory }: Terraform): Promise<string> {
  const PolicyDocument = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
  });
  const boundary = { PolicyName: "boundary", PolicyDocument };
  const { Policy } = await account.call<{ Policy: { Arn: string } }>("iam", "create_policy", boundary);
  const publicKey = () =>
    `ssh-ed25519 ${Buffer.from(`\0\0\0\x0bssh-ed25519${randomUUID()}`).toString("base64")}`;
  return variableFile(directory, "options", {
    permissions_boundary_arn: Policy.Arn,
    database_ca_file: path.join(directory, "infra-terraform", "tests", "authority.pem"),
    tags: { costCentre: "42" },
    reader_principals: {
      warehouse: { principals: ["210987654321"] },
      firstNational: { principals: ["arn:aws:iam::310987654321:role/files"], banks: ["FirstNational"] },
    },
    subscriber_principals: ["210987654321"],
    writer_principals: ["arn:aws:iam::123456789012:role/operators"],
    intake: { uploaders: Object.fromEntries(BANKS.map((bank) => [bank, ["310987654321"]])) },
    raw_principals: { [WITH_OWN_FILES]: ["310987654321"] },
    sftp: {
      public_keys: { FirstNational: [publicKey(), publicKey()], ŁódźBank: [publicKey()] },
      allowed_cidrs: ["203.0.113.0/24"],
      manifests: true,
    },
    github: { repository: "owner/bank-batch", state_bucket: "states" },
  });
}

async function variableFile(directory: string, name: string, values: object): Promise<string> {
  const file = path.join(directory, `${name}.tfvars.json`);
  await writeFile(file, JSON.stringify(values));
  return file;
}

export async function initialise(terraform: Terraform, stage: string): Promise<void> {
  const backend = { bucket: "states", key: `${stage}.tfstate`, region: REGION, use_lockfile: "true" };
  const settings = Object.entries(backend).map(([name, value]) => `-backend-config=${name}=${value}`);
  await terraform.succeed("init", "-reconfigure", ...settings);
}
