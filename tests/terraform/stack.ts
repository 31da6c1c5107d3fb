/** The resources of a packaged template, with the names that CloudFormation gives them, and what it asks for to make them. */
import type { Request } from "../support/policy";
import { ACCOUNT, REGION } from "./stage";

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** The property with the name of a resource, the most characters that it may have, and its ARN up to the name. */
type Naming = readonly [property: string, most: number, arn: string];

const regional = (service: string, before: string) => `arn:aws:${service}:${REGION}:${ACCOUNT}:${before}`;

const namings: Readonly<Record<string, Naming>> = {
  "AWS::CloudWatch::Alarm": ["AlarmName", 255, regional("cloudwatch", "alarm:")],
  "AWS::DynamoDB::Table": ["TableName", 255, regional("dynamodb", "table/")],
  "AWS::Events::Rule": ["Name", 64, regional("events", "rule/")],
  "AWS::IAM::Role": ["RoleName", 64, `arn:aws:iam::${ACCOUNT}:role/`],
  "AWS::Lambda::Function": ["FunctionName", 64, regional("lambda", "function:")],
  "AWS::S3::Bucket": ["BucketName", 63, "arn:aws:s3:::"],
  "AWS::SNS::Topic": ["TopicName", 256, regional("sns", "")],
  "AWS::SQS::Queue": ["QueueName", 80, regional("sqs", "")],
  "AWS::Scheduler::Schedule": ["Name", 64, regional("scheduler", "schedule/default/")],
  "AWS::StepFunctions::StateMachine": ["StateMachineName", 80, regional("states", "stateMachine:")],
};

/** Resources that belong to another one: the property that refers to it. */
const belonging: Readonly<Record<string, string>> = {
  "AWS::Lambda::EventInvokeConfig": "FunctionName",
  "AWS::Lambda::Permission": "FunctionName",
  "AWS::Lambda::Version": "FunctionName",
  "AWS::S3::BucketPolicy": "Bucket",
  "AWS::SNS::Subscription": "TopicArn",
  "AWS::SQS::QueuePolicy": "Queues",
};

/** Parameters with the ARN of a topic, and the end of its name. */
const topics: Readonly<Record<string, string>> = {
  AnnounceTopicArn: "announce",
  IntakeTopicArn: "intake",
};

/** Who gets the role that a resource has. */
const passedTo: Readonly<Record<string, string>> = {
  "AWS::Lambda::Function": "lambda.amazonaws.com",
  "AWS::Scheduler::Schedule": "scheduler.amazonaws.com",
  "AWS::StepFunctions::StateMachine": "states.amazonaws.com",
};

/** Permissions for properties that no resource here has: file systems, streams, tables of S3, keys of one's own. */
const UNUSED = /^(elasticfilesystem|kinesis|kms|s3files|s3tables):/;
const UNUSED_BY_TYPE: Readonly<Record<string, RegExp>> = {
  // Imports and replicas.
  "AWS::DynamoDB::Table": /^(iam|logs|s3):/,
  // Roles of targets, of the log of deliveries, and of replication.
  "AWS::Events::Rule": /^iam:/,
  "AWS::SNS::Topic": /^iam:/,
  "AWS::SNS::Subscription": /^iam:/,
  "AWS::S3::Bucket": /^iam:/,
  // A definition that is in a bucket.
  "AWS::StepFunctions::StateMachine": /^s3:/,
};

/** Actions without a narrower resource, and those that a deployment calls for all. */
const everywhere: Readonly<Record<string, string>> = {
  "cloudwatch:DescribeAlarms": regional("cloudwatch", "alarm:*"),
};

export class Stack {
  readonly #name: string;
  readonly #resources: Readonly<Record<string, Resource>>;

  constructor(name: string, template: object) {
    this.#name = name;
    ({ Resources: this.#resources } = template as { Resources: Readonly<Record<string, Resource>> });
  }

  /** @param permissions of CloudFormation's handlers, by logical id. */
  requests(permissions: Readonly<Record<string, readonly string[]>>): readonly Request[] {
    return Object.entries(permissions).flatMap(([id, actions]) => {
      const type = this.#resource(id).Type;
      return actions
        .filter((action) => !UNUSED.test(action) && UNUSED_BY_TYPE[type]?.test(action) !== true)
        .flatMap((action) => this.#request(id, type, action));
    });
  }

  #request(id: string, type: string, action: string): readonly Request[] {
    if (action.startsWith("ec2:")) return [{ action, resource: "*", context: {} }];
    if (action === "iam:PassRole") {
      const context = { "iam:PassedToService": passedTo[type] ?? "" };
      return this.#all("AWS::IAM::Role").map((role) => ({ action, resource: this.#arn(role), context }));
    }
    if (type === "AWS::Lambda::Function" && action.startsWith("s3:"))
      return this.#all("AWS::S3::Bucket").map((bucket) => ({
        ...{ action, resource: `${this.#arn(bucket)}/code.zip`, context: {} },
      }));
    if (type === "AWS::Lambda::EventSourceMapping") {
      const resource = regional("lambda", "event-source-mapping:00000000-0000-0000-0000-000000000000");
      const target = this.#resource(id).Properties?.["FunctionName"];
      const context: Request["context"] = action.includes("Tag")
        ? {}
        : { "lambda:FunctionArn": this.#resolved(target) };
      return [{ action, resource, context }];
    }
    return [{ action, resource: everywhere[action] ?? this.#arn(id), context: {} }];
  }

  #resource(id: string): Resource {
    const resource = this.#resources[id];
    if (resource === undefined) throw new Error(`${this.#name} has no resource ${id}`);
    return resource;
  }

  #all(type: string): readonly string[] {
    return Object.keys(this.#resources).filter((id) => this.#resource(id).Type === type);
  }

  #arn(id: string): string {
    const { Type, Properties } = this.#resource(id);
    const owner = belonging[Type];
    if (owner !== undefined) return this.#resolved([Properties?.[owner]].flat()[0]);
    const naming = namings[Type];
    if (naming === undefined) throw new Error(`no ARN is known for ${Type}`);
    return `${naming[2]}${this.#physicalName(id)}`;
  }

  /** The name in the template, or that which CloudFormation makes: `<stack>-<logical id>-<12 characters>`, or shorter. */
  #physicalName(id: string): string {
    const { Type, Properties } = this.#resource(id);
    const [property = "", most = 0] = namings[Type] ?? [];
    const given = Properties?.[property];
    if (given !== undefined) return this.#resolved(given);
    const random = "abcdefghijkl";
    const whole = `${this.#name}-${id}-${random}`;
    const name = whole.length <= most ? whole : `${this.#name.slice(0, 24)}-${id.slice(0, 24)}-${random}`;
    return Type === "AWS::S3::Bucket" ? name.toLowerCase() : name;
  }

  /** The value of a property: a reference to a resource becomes its ARN, one to a parameter that of a topic. */
  #resolved(value: unknown): string {
    if (typeof value === "string") return value;
    const intrinsic = value as {
      readonly Ref?: string;
      readonly "Fn::Sub"?: string;
      readonly "Fn::GetAtt"?: readonly [string, string];
      readonly "Fn::Join"?: readonly [string, readonly unknown[]];
    };
    const { Ref, "Fn::Sub": text, "Fn::GetAtt": attribute, "Fn::Join": join } = intrinsic;
    if (text !== undefined)
      return text.replaceAll("${AWS::Region}", REGION).replaceAll("${AWS::AccountId}", ACCOUNT);
    if (attribute !== undefined) return this.#arn(attribute[0]);
    if (join !== undefined) return join[1].map((part) => this.#resolved(part)).join(join[0]);
    if (Ref === "AWS::Region") return REGION;
    if (Ref !== undefined && this.#resources[Ref] !== undefined) return this.#arn(Ref);
    const topic = topics[Ref ?? ""];
    if (topic !== undefined)
      return regional("sns", `${this.#name.replace("bank-batch-lake", "bank-batch")}-${topic}`);
    throw new Error(`${this.#name}: can't resolve ${JSON.stringify(value)}`);
  }
}
