/** A certificate of a test's own authority, made for a day: a stored one would expire. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

export interface Certificate {
  readonly keyFile: string;
  /** Of the server, and of the authority: it signs itself. */
  readonly certFile: string;
  readonly key: string;
  readonly cert: string;
  remove(): void;
}

/** For 127.0.0.1 and no other name. */
export const newCertificate = (): Certificate => {
  const folder = mkdtempSync(join(tmpdir(), "fusewire-tls-"));
  const keyFile = join(folder, "key.pem");
  const certFile = join(folder, "cert.pem");
  const made = spawnSync("openssl", [
    ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=127.0.0.1".split(
      " ",
    ),
    ...["-addext", "subjectAltName=IP:127.0.0.1"],
    ...["-keyout", keyFile, "-out", certFile],
  ]);
  if (made.status !== 0) throw new Error(String(made.stderr));
  return {
    keyFile,
    certFile,
    key: readFileSync(keyFile, "utf8"),
    cert: readFileSync(certFile, "utf8"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
};
