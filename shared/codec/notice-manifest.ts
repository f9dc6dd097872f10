// notice.yaml: the variables of a notice, each with a sample value. Tolerant of no unknown key: it would be a misspelt one.
import * as z from "zod";
import type { NoticeManifest } from "../domain/notice-manifest.ts";
import { createFaultList } from "./input/fault-list.ts";
import { readYaml } from "./input/yaml-data.ts";

const schema = z.strictObject({
  channel: z.literal("mail"),
  variables: z.record(z.string().regex(/^[a-z][A-Za-z]*$/u), z.string().min(1)),
});

/** @throws UserFault */
export function parseNoticeManifest(text: string, where: string): NoticeManifest {
  const faults = createFaultList(where);
  const data = readYaml(text, faults);
  const result = schema.safeParse(data?.value);
  if (data !== undefined && !result.success) {
    for (const issue of result.error.issues) {
      const what = `${issue.path.map(String).join(".")}: ${issue.message}.`;
      faults.add(data.placeOf(issue.path), what, "Expected channel: mail, and variables: with a sample text for each.");
    }
  }
  faults.throwIfAny();
  return { samples: result.data?.variables ?? {} };
}
