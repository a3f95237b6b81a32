import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NatsLink } from "../engine/io/nats-link.ts";
import {
  hasOpenssl,
  newCertificate,
  type Certificate,
} from "./support/certificate.ts";
import { startNats, type NatsServer } from "./support/nats-server.ts";

describe.skipIf(!hasOpenssl)("NATS over TLS (needs openssl)", () => {
  let certificate: Certificate;
  let server: NatsServer;
  const links: NatsLink[] = [];

  beforeAll(async () => {
    certificate = newCertificate();
    const { certFile, keyFile } = certificate;
    const config = `${certFile}.conf`;
    writeFileSync(
      config,
      `listen: 127.0.0.1:0\nhttp: 127.0.0.1:0\ntls { cert_file: "${certFile}", key_file: "${keyFile}" }\n`,
    );
    server = await startNats(config);
  });

  afterAll(async () => {
    await Promise.all(links.map((link) => link.drain()));
    await server.close();
    certificate.remove();
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
    const link = open({ caFile: certificate.certFile });
    expect(await link.whenConnected(5_000)).toBe(true);
    expect(await link.flush()).toBe(true);
  });

  it("does not connect to a server whose certificate names another host", async () => {
    const link = new NatsLink({
      servers: [`tls://localhost:${server.port}`],
      tls: { caFile: certificate.certFile },
    });
    links.push(link);
    link.start();
    expect(await link.whenConnected(1_000)).toBe(false);
  });

  it("does not connect to a server that it cannot verify", async () => {
    expect(await open({}).whenConnected(1_000)).toBe(false);
  });
});
