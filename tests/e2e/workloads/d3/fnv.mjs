import { readFileSync } from 'node:fs';

const data = readFileSync(process.env.DATASET_PATH);
let fnv = 0xcbf29ce484222325n;
let lines = 0;
for (const byte of data) {
  fnv = BigInt.asUintN(64, (fnv ^ BigInt(byte)) * 0x100000001b3n);
  if (byte === 10) lines += 1;
}
const fnv1a64 = fnv.toString(16).padStart(16, '0');
console.log(JSON.stringify({ bytes: data.length, fnv1a64, lines }));
