// A lock token is a uuid. On a delivery's tag it stands in .NET's byte order, everywhere else in plain order; mixing them up
// still completes messages but loses every renewal.
const DOTNET_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] as const;

export function bytesOfToken(token: string): Buffer {
  return Buffer.from(token.replaceAll("-", ""), "hex");
}

export function tagOfToken(token: string): Buffer {
  const plain = bytesOfToken(token);
  return Buffer.from(DOTNET_ORDER.map((at) => plain[at] ?? 0));
}

export function tokenOfBytes(bytes: Buffer): string {
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}
