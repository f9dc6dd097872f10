import { readFile, writeFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { noticeFolder } from "../../../shared/azure/notice-files.ts";
import { parseNoticeManifest } from "../../../shared/codec/notice-manifest.ts";
import { formatFault, UserFault } from "../../../shared/domain/fault.ts";
import { createNoticeWriter } from "../../../shared/notices/notice-writer.ts";
import { loadNotices, renderNotice } from "../../../shared/notices/notices.ts";
import type { Notices, RenderedNotice } from "../../../shared/notices/notices.ts";
import type { NoticeFiles } from "../../../shared/ports/notice-files.ts";

const OURS = noticeFolder("shared/notices");
const NOTICES = ["first-notice", "follow-up"] as const;
const LANGUAGES = ["en", "de"] as const;
const EACH = NOTICES.flatMap((notice) => LANGUAGES.map((language) => [notice, language] as const));

const VARIABLES = {
  displayName: "Anna Berg",
  enforceAfterText: "Monday, 16 March 2026, 09:00 (Europe/Berlin)",
  rollout: "contoso-2026",
  helpContact: "your IT helpdesk",
};

function filesOf(texts: Readonly<Record<string, string>>): NoticeFiles {
  return {
    readText: (path) => Promise.resolve(texts[path]),
    list: (folder) => {
      const prefix = folder === "" ? "" : `${folder}/`;
      const inside = Object.keys(texts).filter((path) => path.startsWith(prefix));
      return Promise.resolve([...new Set(inside.map((path) => path.slice(prefix.length).split("/")[0] ?? ""))].sort());
    },
  };
}

function load(...sources: readonly NoticeFiles[]): Promise<Notices> {
  return loadNotices(sources, parseNoticeManifest);
}

async function render(
  notice: string,
  language: string | null,
  change: Partial<typeof VARIABLES> = {},
): Promise<RenderedNotice> {
  return renderNotice(await load(OURS), { notice, language, variables: { ...VARIABLES, ...change } });
}

async function faultsOf(loading: Promise<Notices>): Promise<readonly string[]> {
  const error: unknown = await loading.then(
    () => expect.fail("no fault was found"),
    (reason: unknown) => reason,
  );
  if (!(error instanceof UserFault)) throw error;
  return error.faults.map(formatFault);
}

const CUSTOM = {
  "first-notice/notice.yaml": "channel: mail\nvariables: { displayName: Anna Berg }\n",
  "first-notice/en.subject.liquid": "Own words for {{ displayName }}",
  "first-notice/en.body.html.liquid": "<p>{{ displayName }}</p>",
  "first-notice/en.body.text.liquid": "{{ displayName }}",
};

describe.each(EACH)("%s in %s", (notice, language) => {
  it("reads as the sample beside it, which a person has read", async () => {
    const folder = join("shared/notices", notice, "rendered");
    const { subject, html, text } = await render(notice, language);
    const files = {
      [`${language}.subject.txt`]: `${subject}\n`,
      [`${language}.body.html`]: html,
      [`${language}.body.txt`]: text,
    };
    for (const [name, rendered] of Object.entries(files)) {
      if (process.env["UPDATE_NOTICES"] === "1") {
        await mkdir(folder, { recursive: true });
        await writeFile(join(folder, name), rendered);
      }
      expect(rendered, name).toBe(await readFile(join(folder, name), "utf8"));
    }
  });

  it("names the deadline in subject, HTML and text", async () => {
    const { subject, html, text } = await render(notice, language);
    for (const form of [subject, html, text]) expect(form).toContain(VARIABLES.enforceAfterText);
  });

  it("says where to go in plain sight, on Microsoft's hosts only, with nothing to click or to load", async () => {
    const { html, text } = await render(notice, language);
    for (const form of [html, text]) {
      expect(form).toContain("aka.ms/mfasetup");
      const hosts = form.match(/\b[a-z0-9-]+(?:\.[a-z0-9-]+)+(?=\/)/gu) ?? [];
      expect([...new Set(hosts)].filter((host) => host !== "aka.ms" && host !== "mysignins.microsoft.com")).toEqual([]);
      expect(form).not.toMatch(/https?:|href|src=|<form|<img|<script|@import|url\(/iu);
    }
  });

  it("says the same in HTML and in text", async () => {
    const { html, text } = await render(notice, language);
    const words = (form: string): string =>
      form
        .replace(/<[^>]*>/gu, " ")
        .replace(/-{3,}/gu, " ")
        .replace(/\s+/gu, " ")
        .trim();
    expect(words(html).replace(/ ([,.])/gu, "$1")).toBe(words(text));
  });

  it("keeps its sentences short enough to read on a phone", async () => {
    const { text } = await render(notice, language, { enforceAfterText: "then" });
    const sentences = text.replace(/\n/gu, " ").split(/[.?!:](?:\s|$)/u);
    expect(Math.max(...sentences.map((sentence) => sentence.trim().split(/\s+/u).length))).toBeLessThanOrEqual(26);
  });
});

describe("a language falls back", () => {
  it.each([
    ["de-AT", "de"],
    ["DE", "de"],
    ["de-Latn-AT", "de"],
    ["fr-FR", "en"],
    ["", "en"],
    [null, "en"],
  ])("from %s to %s", async (language, chosen) => {
    expect((await render("first-notice", language)).language).toBe(chosen);
  });
});

describe("names from the directory are text", () => {
  it("not markup in HTML, and as they are in the text", async () => {
    const displayName = '<img src=x onerror=alert(1)> & "Ann"';
    const { html, text } = await render("first-notice", "en", { displayName });
    expect(html).toContain("&lt;img src=x onerror=alert(1)&gt; &amp; &#34;Ann&#34;");
    expect(html).not.toContain("<img");
    expect(text).toContain(displayName);
  });

  it("not templates", async () => {
    const { html, text } = await render("first-notice", "en", { displayName: "{{ rollout }}{% include 'x' %}" });
    expect(text).toContain("Hello {{ rollout }}{% include 'x' %},");
    expect(html).toContain("{{ rollout }}");
  });

  it("not line breaks, controls or marks that turn the writing direction", async () => {
    const { text } = await render("first-notice", "en", { displayName: "Anna\r\nBcc: all\u0007\u202egreB" });
    expect(text.split("\n")[0]).toBe("Hello Anna Bcc: all greB,");
    const { subject } = await render("first-notice", "en", { enforceAfterText: "16 March\r\nBcc: all" });
    expect(subject).toBe("Set up your second sign-in step by 16 March Bcc: all");
  });
});

describe("loadNotices", () => {
  it("takes a customer's words before ours, language by language", async () => {
    const notices = await load(filesOf(CUSTOM), OURS);
    const subjectIn = (language: string): string =>
      renderNotice(notices, { notice: "first-notice", language, variables: VARIABLES }).subject;
    expect(subjectIn("en")).toBe("Own words for Anna Berg");
    expect(subjectIn("de")).toMatch(/^Bitte richten Sie/u);
  });

  it.each([
    [
      "a misspelt variable",
      { "first-notice/en.subject.liquid": "{{ displyName }}" },
      "first-notice/en.subject.liquid: The template does not render: undefined variable: displyName",
    ],
    [
      "a filter that does not exist",
      { "first-notice/en.body.text.liquid": "{{ displayName | shout }}" },
      "first-notice/en.body.text.liquid: The template does not render: undefined filter: shout",
    ],
    [
      "a tag that is not closed",
      { "first-notice/en.body.html.liquid": "{% if displayName %}" },
      "first-notice/en.body.html.liquid: The template does not render: tag {% if displayName %} not closed",
    ],
    [
      "a file from the disk",
      { "first-notice/en.body.text.liquid": "{% include '/etc/hostname' %}" },
      "first-notice/en.body.text.liquid: The template does not render: ENOENT",
    ],
    [
      "what is inherited",
      { "first-notice/en.body.text.liquid": "{{ displayName.constructor }}" },
      "first-notice/en.body.text.liquid: The template does not render: undefined variable: displayName.constructor",
    ],
    [
      "an unknown key",
      { "first-notice/notice.yaml": "channel: mail\nchanel: x\nvariables: { displayName: A }\n" },
      "first-notice/notice.yaml:1:1: ",
    ],
  ])("refuses %s before anything is sent", async (_, change, beginning) => {
    const faults = await faultsOf(load(filesOf({ ...CUSTOM, ...change })));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(beginning);
  });

  it("refuses half a language, and a notice without English words", async () => {
    const half = { ...CUSTOM, "first-notice/fr.subject.liquid": "Bonjour" };
    expect(await faultsOf(load(filesOf(half)))).toEqual([
      "first-notice/fr.body.html.liquid: A language of a notice needs subject, HTML and text. Add the file, or delete the rest of its language.",
      "first-notice/fr.body.text.liquid: A language of a notice needs subject, HTML and text. Add the file, or delete the rest of its language.",
    ]);
    const french = Object.fromEntries(
      Object.entries(CUSTOM).map(([path, text]) => [path.replace("/en.", "/fr."), text]),
    );
    expect(await faultsOf(load(filesOf(french)))).toHaveLength(1);
  });

  it("says so when the folder is not there", async () => {
    expect(await faultsOf(load(noticeFolder("no/such/folder")))).toEqual([
      "notices: No notice was found: is the folder of the notices there? Add the file, or delete the rest of its language.",
    ]);
  });
});

describe("the notice writer", () => {
  const { displayName, rollout, helpContact } = VARIABLES;
  const formatDeadline = (language: string): string => `<${language}>`;
  const ask = { displayName, rollout, helpContact, formatDeadline, notice: "follow-up-2", language: "de" } as const;

  it.each([
    ["de-AT", "<de-AT>"],
    ["en-GB", "<en-GB>"],
    ["fr-FR", "<en>"],
    [null, "<en>"],
  ])("writes the deadline in the language of the words that %s gets", async (language, shown) => {
    const { text } = await createNoticeWriter(() => load(OURS)).write({ ...ask, language });
    expect(text).toContain(shown);
  });

  it("loads once, at the first notice, and finds the words by the key's kind", async () => {
    let loads = 0;
    const writer = createNoticeWriter(() => {
      loads++;
      return load(OURS);
    });
    expect(loads).toBe(0);
    const [first, second] = await Promise.all([writer.write(ask), writer.write(ask)]);
    expect(loads).toBe(1);
    expect(first).toEqual(second);
    expect(first.subject).toMatch(/^Zweiter Anmeldeschritt/u);
  });

  it("tries again after it could not load", async () => {
    let loads = 0;
    const writer = createNoticeWriter(() => (++loads === 1 ? Promise.reject(new Error("disk")) : load(OURS)));
    await expect(writer.write(ask)).rejects.toThrow("disk");
    expect((await writer.write(ask)).text).toContain("aka.ms/mfasetup");
  });
});
