import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NatsLink } from "../engine/io/nats-link.ts";
import { startNats, type NatsServer } from "./support/nats-server.ts";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

// Certificates are made for the test: a stored one would expire.
describe.skipIf(!hasOpenssl)("NATS over TLS (needs openssl)", () => {
  let folder: string;
  let server: NatsServer;
  const links: NatsLink[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "fusewire-tls-"));
    const key = join(folder, "key.pem");
    const cert = join(folder, "cert.pem");
    const made = spawnSync("openssl", [
      ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=127.0.0.1".split(
        " ",
      ),
      "-addext",
      "subjectAltName=IP:127.0.0.1",
      "-keyout",
      key,
      "-out",
      cert,
    ]);
    expect(made.status).toBe(0);
    const config = join(folder, "tls.conf");
    writeFileSync(
      config,
      `listen: 127.0.0.1:0\nhttp: 127.0.0.1:0\ntls { cert_file: "${cert}", key_file: "${key}" }\n`,
    );
    server = await startNats(config);
  });

  afterAll(async () => {
    await Promise.all(links.map((link) => link.drain()));
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (tls: { caFile?: string }): NatsLink => {
    const link = new NatsLink({
      servers: [`tls://127.0.0.1:${server.port}`],
      tls,
    });
    links.push(link);
    link.start();
    return link;
  };

  it("connects to a server whose authority it was given", async () => {
    const link = open({ caFile: join(folder, "cert.pem") });
    expect(await link.whenConnected(5_000)).toBe(true);
    expect(await link.flush()).toBe(true);
  });

  it("does not connect to a server whose certificate names another host", async () => {
    const link = new NatsLink({
      servers: [`tls://localhost:${server.port}`],
      tls: { caFile: join(folder, "cert.pem") },
    });
    links.push(link);
    link.start();
    expect(await link.whenConnected(1_000)).toBe(false);
  });

  it("does not connect to a server that it cannot verify", async () => {
    expect(await open({}).whenConnected(1_000)).toBe(false);
  });
});
