// Files that are shipped beside the code, read when they are asked for.
import { readFile } from "node:fs/promises";

export function readPackagedText(place: URL): Promise<string> {
  return readFile(place, "utf8");
}
