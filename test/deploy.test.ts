/** The manifests against the Kubernetes schemas and against each other, offline; rendered by kubectl where it is installed. */
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";

const ROOT = join(import.meta.dirname, "..");
const BASE = join(ROOT, "deploy/k8s/base");
const FEED = join(ROOT, "deploy/k8s/components/feed");
const WITH_FEED = join(ROOT, "deploy/k8s/with-feed");

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

const kustomizationOf = (folder: string) =>
  parse(readFileSync(join(folder, "kustomization.yaml"), "utf8")) as {
    resources: string[];
    configMapGenerator: { literals: string[] }[];
  };

const resourcesOf = (folder: string): Manifest[] =>
  kustomizationOf(folder).resources.flatMap((file) =>
    documents(readFileSync(join(folder, file), "utf8")),
  );

const resources = [...resourcesOf(BASE), ...resourcesOf(FEED)];

const ofKind = (kind: string): Manifest[] =>
  resources.filter((manifest) => manifest.kind === kind);
const workloads = [...ofKind("StatefulSet"), ...ofKind("Deployment")];
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

describe("deploy/k8s", () => {
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

  it.each([BASE, FEED])("lists every file of %s", (folder) => {
    const listed = readFileSync(join(folder, "kustomization.yaml"), "utf8");
    const files = readdirSync(folder).filter(
      (file) => file !== "kustomization.yaml",
    );
    expect(files.filter((file) => !listed.includes(file))).toEqual([]);
  });

  it("has services and policies that select pods which exist, and ports which those have", () => {
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
    for (const policy of ofKind("NetworkPolicy"))
      expect(
        workloads.some((workload) =>
          matches(
            policy.spec.podSelector.matchLabels ?? {},
            labelsOf(workload),
          ),
        ),
        policy.metadata.name,
      ).toBe(true);
    for (const workload of ofKind("StatefulSet"))
      expect(
        ofKind("Service").map((service) => service.metadata.name),
      ).toContain(workload.spec.serviceName);
  });

  it("runs every pod restricted, with limits, probes and pinned images", () => {
    for (const { metadata, spec } of workloads) {
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

  it("gives the feed a venue that there is, settings that it accepts, and the port of its probes", async () => {
    const { loadConfig } = await import("../engine/config.ts");
    const { VENUE_NAMES } =
      await import("../engine/feeds/client/profiles/venue-profiles.ts");
    const [{ literals }] = kustomizationOf(FEED).configMapGenerator as [
      { literals: string[] },
    ];
    const env = Object.fromEntries(
      literals.map((literal) => literal.split("=") as [string, string]),
    );
    expect(loadConfig({ env })).toMatchObject({
      feed: { symbols: ["BTCUSDT", "ETHUSDT"], channels: ["book", "trades"] },
      http: { host: "0.0.0.0" },
    });
    const [feed] = ofKind("Deployment");
    const [container] = feed!.spec.template.spec.containers;
    const [verb, venue, flag, port] = container.args as string[];
    expect([verb, flag, VENUE_NAMES.includes(venue!)]).toEqual([
      "feed",
      "--port",
      true,
    ]);
    expect(container.ports[0].containerPort).toBe(Number(port));
  });

  const kubectl = spawnSync("kubectl", ["version", "--client"]).status === 0;
  it.skipIf(!kubectl).each([
    [BASE, ["ConfigMap/engine-config-", "Secret/engine-credentials-"]],
    [
      WITH_FEED,
      [
        "ConfigMap/feed-config-",
        "Secret/feed-credentials-",
        "Deployment/feed",
        "NetworkPolicy/nats-from-feed",
        "StatefulSet/engine",
      ],
    ],
  ])(
    "renders %s with kubectl kustomize (skipped: no kubectl on this machine)",
    async (folder, wanted) => {
      const rendered = documents(
        execFileSync("kubectl", ["kustomize", folder], { encoding: "utf8" }),
      );
      const names = rendered.map(
        (manifest) => `${manifest.kind}/${manifest.metadata.name}`,
      );
      for (const start of wanted)
        expect(names.filter((name) => name.startsWith(start))).toHaveLength(1);
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
