/** The manifests against the Kubernetes schemas and against each other, offline; rendered by kubectl where it is installed. */
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";

const ROOT = join(import.meta.dirname, "..");
const BASE = join(ROOT, "deploy/k8s/base");

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  // Schemas check the rest; the tests below read it loosely.
  readonly spec?: any;
}

const documents = (text: string): Manifest[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((document) => document !== null);

const resources: Manifest[] = (
  parse(readFileSync(join(BASE, "kustomization.yaml"), "utf8")) as {
    resources: string[];
  }
).resources.flatMap((file) =>
  documents(readFileSync(join(BASE, file), "utf8")),
);

const ofKind = (kind: string): Manifest[] =>
  resources.filter((manifest) => manifest.kind === kind);
const labelsOf = (workload: Manifest): Record<string, string> =>
  workload.spec.template.metadata.labels;
const matches = (
  selector: Record<string, string>,
  labels: Record<string, string>,
): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);

type Model = new (body: unknown) => { validate(): void };

const validate = async (manifest: Manifest): Promise<void> => {
  const { apiVersion, kind } = manifest;
  const models = (await import(
    `kubernetes-models/${apiVersion}/${kind}`
  )) as Record<string, Model>;
  new models[kind]!(manifest).validate();
};

describe("deploy/k8s/base", () => {
  it.each(
    resources.map(
      (manifest) =>
        [`${manifest.kind} ${manifest.metadata.name}`, manifest] as const,
    ),
  )("%s follows its Kubernetes schema", async (_, manifest) => {
    await validate(manifest);
  });

  it("would notice a manifest that does not follow it", async () => {
    const [engine] = ofKind("StatefulSet");
    const broken = { ...engine!, spec: { ...engine!.spec, replicas: "one" } };
    await expect(validate(broken)).rejects.toThrow("replicas");
  });

  it("lists every file of the folder", () => {
    const listed = readFileSync(join(BASE, "kustomization.yaml"), "utf8");
    const files = readdirSync(BASE).filter(
      (file) => file !== "kustomization.yaml",
    );
    expect(files.filter((file) => !listed.includes(file))).toEqual([]);
  });

  it("has services and policies that select pods which exist, and ports which those have", () => {
    const workloads = ofKind("StatefulSet");
    for (const service of ofKind("Service")) {
      const target = workloads.find((workload) =>
        matches(service.spec.selector, labelsOf(workload)),
      );
      expect(target, service.metadata.name).toBeDefined();
      const ports = target!.spec.template.spec.containers[0].ports.map(
        (port: { name: string }) => port.name,
      );
      for (const port of service.spec.ports)
        expect(ports).toContain(port.targetPort);
    }
    for (const workload of workloads)
      expect(
        ofKind("Service").map((service) => service.metadata.name),
      ).toContain(workload.spec.serviceName);
  });

  it("runs every pod restricted, with limits, probes and pinned images", () => {
    for (const { metadata, spec } of ofKind("StatefulSet")) {
      const pod = spec.template.spec;
      expect(pod.securityContext.runAsNonRoot, metadata.name).toBe(true);
      expect(pod.securityContext.seccompProfile.type).toBe("RuntimeDefault");
      for (const container of pod.containers) {
        expect(container.securityContext.allowPrivilegeEscalation).toBe(false);
        expect(container.securityContext.readOnlyRootFilesystem).toBe(true);
        expect(container.securityContext.capabilities.drop).toEqual(["ALL"]);
        expect(container.resources.requests.memory).toBe(
          container.resources.limits.memory,
        );
        expect(container.readinessProbe).toBeDefined();
        expect(container.livenessProbe).toBeDefined();
        expect(container.image).toMatch(/:[^:]*\d/);
      }
    }
  });

  it("gives the broker the limits and permissions of the repository's nats.conf", () => {
    const rules = (path: string): string =>
      readFileSync(path, "utf8")
        .replace(/^\s*#.*\n/gm, "")
        .replace(/^(server_name|listen|http):.*$/gm, "$1")
        .replace(/(store_dir|password): .*$/gm, "$1")
        .trim();
    expect(rules(join(BASE, "nats.conf"))).toBe(rules(join(ROOT, "nats.conf")));
  });

  it("keeps passwords out of the broker's configuration", () => {
    const text = readFileSync(join(BASE, "nats.conf"), "utf8");
    const passwords = [...text.matchAll(/password: (\S+)/g)].map((m) => m[1]!);
    expect(passwords.length).toBe(4);
    for (const password of passwords)
      expect(password).toMatch(/^\$FUSEWIRE_NATS_[A-Z]+_PASSWORD$/);
  });

  it("gives the engine a configuration that it accepts", async () => {
    const { loadConfig } = await import("../engine/config.ts");
    const config = loadConfig({ file: join(BASE, "fusewire.yaml"), env: {} });
    expect(config.http.port).toBe(8787);
  });

  const kubectl = spawnSync("kubectl", ["version", "--client"]).status === 0;
  it.skipIf(!kubectl)(
    "renders with kubectl kustomize (skipped: no kubectl on this machine)",
    async () => {
      const rendered = documents(
        execFileSync("kubectl", ["kustomize", BASE], { encoding: "utf8" }),
      );
      const names = rendered.map(
        (manifest) => `${manifest.kind}/${manifest.metadata.name}`,
      );
      expect(
        names.some((name) => /^ConfigMap\/engine-config-/.test(name)),
      ).toBe(true);
      expect(
        names.some((name) => /^Secret\/engine-credentials-/.test(name)),
      ).toBe(true);
      await Promise.all(rendered.map(validate));
    },
  );
});

describe("deploy/compose.yaml", () => {
  it("names only settings that the engine knows", async () => {
    const compose = parse(
      readFileSync(join(ROOT, "deploy/compose.yaml"), "utf8"),
    ) as {
      services: { engine: { environment: Record<string, string> } };
    };
    const { loadConfig } = await import("../engine/config.ts");
    const config = loadConfig({ env: compose.services.engine.environment });
    expect(config.nats.url).toContain("nats:4222");
  });

  it("starts the feed of a venue that there is, with its own password", async () => {
    const compose = parse(
      readFileSync(join(ROOT, "deploy/compose.yaml"), "utf8"),
    ) as {
      services: {
        feed: { command: string[]; environment: Record<string, string> };
      };
    };
    const { VENUE_NAMES } =
      await import("../engine/feeds/client/profiles/venue-profiles.ts");
    const [verb, venue] = compose.services.feed.command;
    expect([verb, VENUE_NAMES.includes(venue!)]).toEqual(["feed", true]);
    expect(compose.services.feed.environment["FUSEWIRE_NATS_URL"]).toContain(
      "nats://feed:",
    );
  });
});
