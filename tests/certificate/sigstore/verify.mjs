// Says whether @sigstore/verify accepts a bundle under one key: "accepted", or why not, as JSON.
// Usage: node verify.mjs BUNDLE KEY.pem HINT [TRUSTED_ROOT ARTIFACT [ENTRIES]]
// ENTRIES: how many of a log are asked for under that root (1).
// Without a trusted root no log and no authority is known: the signature alone is asked for.
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { bundleFromJSON } from "@sigstore/bundle";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";

const [bundlePath, keyPath, hint, rootPath, artifactPath, entries] = process.argv.slice(2);

function judge() {
  const bundle = bundleFromJSON(JSON.parse(readFileSync(bundlePath, "utf8")));
  const root = TrustedRoot.fromJSON(rootPath ? JSON.parse(readFileSync(rootPath, "utf8")) : {});
  const key = createPublicKey(readFileSync(keyPath)).export({ format: "der", type: "spki" });
  const trust = toTrustMaterial(root, { [hint]: { rawBytes: key } });
  const asked = rootPath ? 1 : 0;
  const artifact = artifactPath ? readFileSync(artifactPath) : undefined;
  const times = bundle.verificationMaterial.timestampVerificationData?.rfc3161Timestamps ?? [];
  const verifier = new Verifier(trust, {
    ctlogThreshold: 0,
    tlogThreshold: entries === undefined ? asked : Number(entries),
    timestampThreshold: asked });
  verifier.verify(toSignedEntity(bundle, artifact));
  const statement = bundle.content.$case === "dsseEnvelope"
    ? JSON.parse(bundle.content.dsseEnvelope.payload) : null;
  return { verdict: "accepted", times: times.length, subjects: statement?.subject ?? [],
           predicateType: statement?.predicateType ?? null };
}

let said;
try {
  said = judge();
} catch (error) {
  said = { verdict: "refused", why: String(error.code ?? error.name), message: error.message };
}
console.log(JSON.stringify(said));
