// Asks llama.cpp for the tokens and logits that llama.py wrote with --probe: node training/check-llama.mjs MODEL PROBE
import { readFileSync } from "node:fs";
import { getLlama } from "node-llama-cpp";

const [modelPath, probePath] = process.argv.slice(2);
const probe = JSON.parse(readFileSync(probePath, "utf8"));
const llama = await getLlama({
  gpu: false,
  build: "never",
  progressLogs: false,
});
const model = await llama.loadModel({ modelPath });
const context = await model.createContext({
  sequences: 1,
  contextSize: 512,
  threads: 1,
});
const sequence = context.getSequence();

let tokensApart = 0;
let worst = 0;
for (const row of probe.rows) {
  const prompt = probe.prompt.replace("{text}", () => row.text);
  const tokens = [model.tokens.bos, ...model.tokenize(prompt, false)];
  if (JSON.stringify(tokens) !== JSON.stringify(row.ids)) {
    tokensApart += 1;
    console.log("tokens differ", row.text, tokens, row.ids);
    continue;
  }
  await sequence.clearHistory();
  const input = tokens.map((token, index) =>
    index === tokens.length - 1
      ? [token, { generateNext: { probabilities: true } }]
      : token,
  );
  const answer = await sequence.controlledEvaluate(input);
  const probabilities = answer.at(-1).next.probabilities;
  const said = probe.answers.map((token) => Math.log(probabilities.get(token)));
  // Softmax removes a constant: compare the distances between the answers.
  for (const [index, value] of said.entries()) {
    const apart = Math.abs(
      value - said[0] - (row.logits[index] - row.logits[0]),
    );
    worst = Math.max(worst, apart);
  }
}
console.log(
  `${probe.rows.length} texts: tokens differ in ${tokensApart}, logits apart by at most ${worst.toExponential(2)}`,
);
process.exitCode = tokensApart === 0 && worst < 0.05 ? 0 : 1;
await llama.dispose();
