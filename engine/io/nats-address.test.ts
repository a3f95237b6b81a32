import type { PeerCertificate } from "node:tls";
import { describe, expect, it } from "vitest";
import { identityCheck, parseServers } from "./nats-address.ts";

describe("NATS addresses", () => {
  it("give up their credentials and get their port", () => {
    expect(
      parseServers(["nats://engine:p%40ss@broker", "10.0.0.2:4333"]),
    ).toEqual({
      hosts: ["broker:4222", "10.0.0.2:4333"],
      user: "engine",
      password: "p@ss",
      isTls: false,
    });
    expect(parseServers(["tls://[::1]:4222"])).toMatchObject({
      hosts: ["[::1]:4222"],
      user: undefined,
      isTls: true,
    });
  });

  it.each(["http://x", "nats://", "x y", "redis://x:1"])(
    "%s is none",
    (text) => {
      expect(() => parseServers([text])).toThrow("E_CONFIG_INVALID");
    },
  );

  it("are what a certificate is checked against when they are numbers", () => {
    const certificate = (subjectaltname: string) =>
      ({ subject: { CN: "x" }, subjectaltname }) as PeerCertificate;
    const check = identityCheck(["10.0.0.1:4222", "[::1]:4222"]);
    expect(
      check("localhost", certificate("IP Address:10.0.0.1")),
    ).toBeUndefined();
    expect(
      check("localhost", certificate("IP Address:10.0.0.9")),
    ).toBeInstanceOf(Error);
    expect(check("localhost", certificate("DNS:localhost"))).toBeInstanceOf(
      Error,
    );
    const byName = identityCheck(["broker:4222"]);
    expect(byName("broker", certificate("DNS:broker"))).toBeUndefined();
    expect(byName("broker", certificate("DNS:other"))).toBeInstanceOf(Error);
  });
});
