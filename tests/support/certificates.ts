/**
 * A certificate authority and server certificates, created for each test with only `node:crypto`: X.509 is a few
 * nested DER values and a signature. Source: RFC 5280, sections 4.1 and 4.2.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** Both in PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** The server's DNS names. */
  readonly names: readonly string[];
  readonly expiresAt?: Date;
}

export class CertificateAuthority {
  readonly #name: Buffer;
  readonly #keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  /** In PEM, for NODE_EXTRA_CA_CERTS. */
  readonly certificate: string;

  constructor(name: string) {
    this.#name = nameOf(name);
    const isAuthority = extension("551d13", sequence(der(0x01, Buffer.from([0xff]))), true);
    this.certificate = this.#sign(this.#name, this.#keys.publicKey, nextYear(), isAuthority);
  }

  issue({ names, expiresAt = nextYear() }: CertificateOptions): Certificate {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const alternatives = names.map((name) => der(0x82, Buffer.from(name)));
    const subject = nameOf(names[0] ?? "");
    return {
      certificate: this.#sign(subject, publicKey, expiresAt, extension("551d11", sequence(...alternatives))),
      key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    };
  }

  #sign(subject: Buffer, key: KeyObject, expiresAt: Date, ...extensions: Buffer[]): string {
    const ecdsaWithSha256 = sequence(identifier("2a8648ce3d040302"));
    const content = sequence(
      der(0xa0, der(0x02, Buffer.from([2]))),
      der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
      ecdsaWithSha256,
      this.#name,
      sequence(time(new Date("2020-01-01T00:00:00Z")), time(expiresAt)),
      subject,
      key.export({ type: "spki", format: "der" }),
      der(0xa3, sequence(...extensions)),
    );
    const signature = sign("sha256", content, this.#keys.privateKey);
    const whole = sequence(content, ecdsaWithSha256, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
    const lines = whole.toString("base64").replace(/.{64}/g, "$&\n").trimEnd();
    return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
  }
}

function nextYear(): Date {
  return new Date(Date.now() + 365 * 86_400_000);
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...values: Buffer[]): Buffer {
  return der(0x30, Buffer.concat(values));
}

function identifier(hexadecimal: string): Buffer {
  return der(0x06, Buffer.from(hexadecimal, "hex"));
}

/** A distinguished name with only a common name. */
function nameOf(commonName: string): Buffer {
  return sequence(der(0x31, sequence(identifier("550403"), der(0x0c, Buffer.from(commonName)))));
}

function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/\D/g, "").slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  const flag = critical ? [der(0x01, Buffer.from([0xff]))] : [];
  return sequence(identifier(id), ...flag, der(0x04, value));
}
