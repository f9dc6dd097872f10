// The end of every exhaustive switch: a missing case does not compile, and a value that lies about its type stops loudly.
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
