// The words of the notices: found in folders, tried once with sample values, then rendered for one user at a time. Words only:
// who gets what, and when, is the pipeline's business.
import { Liquid } from "liquidjs";
import type { Template } from "liquidjs";
import { UserFault } from "../domain/fault.ts";
import type { FaultText } from "../domain/fault.ts";
import type { NoticeFiles, ParseNoticeManifest } from "../ports/notice-files.ts";

const FORMS = ["subject.liquid", "body.html.liquid", "body.text.liquid"] as const;
type Form = (typeof FORMS)[number];

/** The language that every notice has, and that those get whose own is missing. */
const DEFAULT_LANGUAGE = "en";

type Locale = Readonly<Record<Form, readonly Template[]>>;

export interface Notices {
  /** By notice, then by language in lower case. */
  readonly locales: ReadonlyMap<string, ReadonlyMap<string, Locale>>;
}

export interface RenderedNotice {
  readonly subject: string;
  readonly html: string;
  readonly text: string;
  /** Which was chosen: `de` for somebody who reads `de-AT`. */
  readonly language: string;
}

interface Ask {
  readonly notice: string;
  readonly language: string | null;
  readonly variables: Readonly<Record<string, string>>;
}

// A misspelt variable or filter fails, what is inherited is not there, and `templates` keeps includes away from the disk.
const STRICT = { strictVariables: true, strictFilters: true, ownPropertyOnly: true, templates: {} };
const HTML = new Liquid({ ...STRICT, outputEscape: "escape" });
const TEXT = new Liquid(STRICT);

/**
 * @param sources a customer's folder before the package's own: the first that knows a language of a notice gives its words
 * @throws UserFault when a language is incomplete, or a template does not render with the sample values
 */
export async function loadNotices(
  sources: readonly NoticeFiles[],
  parseManifest: ParseNoticeManifest,
): Promise<Notices> {
  const faults: FaultText[] = [];
  const locales = new Map<string, ReadonlyMap<string, Locale>>();
  for (const notice of await listAll(sources, "")) {
    // A customer's manifest adds to ours: languages that keep our words still need our variables.
    const path = `${notice}/notice.yaml`;
    const manifests = await Promise.all(sources.map((source) => source.readText(path)));
    const known = manifests.filter((text) => text !== undefined).map((text) => parseManifest(text, path).samples);
    if (known.length === 0) continue; // no notice: a README, a source file
    const samples = Object.fromEntries(known.reverse().flatMap((variables) => Object.entries(variables)));
    locales.set(notice, await loadLocales(sources, notice, samples, faults));
    if (locales.get(notice)?.has(DEFAULT_LANGUAGE) !== true && faults.length === 0) {
      faults.push(missing(`${notice}/${DEFAULT_LANGUAGE}.subject.liquid`, "Every notice needs its English words."));
    }
  }
  if (locales.size === 0) faults.push(missing("notices", "No notice was found: is the folder of the notices there?"));
  if (faults.length > 0) throw new UserFault(faults);
  return { locales };
}

async function loadLocales(
  sources: readonly NoticeFiles[],
  notice: string,
  samples: Readonly<Record<string, string>>,
  faults: FaultText[],
): Promise<ReadonlyMap<string, Locale>> {
  const locales = new Map<string, Locale>();
  for (const source of sources) {
    const names = (await source.list(notice)).filter((name) => FORMS.some((form) => name.endsWith(`.${form}`)));
    const languages = new Set(names.map((name) => name.slice(0, name.indexOf("."))));
    for (const language of languages) {
      if (locales.has(language.toLowerCase())) continue;
      const locale = await loadLocale(source, `${notice}/${language}`, samples, faults);
      if (locale !== undefined) locales.set(language.toLowerCase(), locale);
    }
  }
  return locales;
}

/** A language is complete or absent: half of one would be found out by the user who reads it. */
async function loadLocale(
  source: NoticeFiles,
  prefix: string,
  samples: Readonly<Record<string, string>>,
  faults: FaultText[],
): Promise<Locale | undefined> {
  const load = async (form: Form): Promise<readonly Template[]> => {
    const where = `${prefix}.${form}`;
    const text = await source.readText(where);
    if (text === undefined) {
      faults.push(missing(where, "A language of a notice needs subject, HTML and text."));
      return [];
    }
    return parseTried({ form, text, where }, samples, faults);
  };
  const before = faults.length;
  const locale = {
    "subject.liquid": await load("subject.liquid"),
    "body.html.liquid": await load("body.html.liquid"),
    "body.text.liquid": await load("body.text.liquid"),
  };
  return faults.length === before ? locale : undefined;
}

interface Source {
  readonly form: Form;
  readonly text: string;
  readonly where: string;
}

function parseTried(
  { form, text, where }: Source,
  samples: Readonly<Record<string, string>>,
  faults: FaultText[],
): readonly Template[] {
  try {
    const templates = engineOf(form).parse(text);
    renderForm(form, templates, samples);
    return templates;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // The library's first line: "undefined variable: displyName, line:3, col:12".
    const what = `The template does not render: ${error.message.split("\n")[0] ?? ""}.`;
    faults.push({ what, fix: `Use only ${Object.keys(samples).join(", ")}.`, at: { where } });
    return [];
  }
}

async function listAll(sources: readonly NoticeFiles[], folder: string): Promise<readonly string[]> {
  const names = await Promise.all(sources.map((source) => source.list(folder)));
  return [...new Set(names.flat())].sort();
}

/** The words of `notice` for one user. @throws Error for a notice that does not exist: a bug */
export function renderNotice(notices: Notices, { notice, language, variables }: Ask): RenderedNotice {
  const locales = notices.locales.get(notice);
  if (locales === undefined) throw new Error(`there is no notice ${notice}`);
  const chosen = nearestLanguage(language, locales);
  const locale = locales.get(chosen);
  if (locale === undefined) throw new Error(`the notice ${notice} has no words in ${chosen}`);
  return {
    subject: renderForm("subject.liquid", locale["subject.liquid"], variables).replace(/\s+/gu, " ").trim(),
    html: renderForm("body.html.liquid", locale["body.html.liquid"], variables),
    text: renderForm("body.text.liquid", locale["body.text.liquid"], variables),
    language: chosen,
  };
}

/** The user's own language where the notice has words in it, with its region; else the language of the words that stand in. */
export function spokenLanguage(notices: Notices, notice: string, language: string | null): string {
  const chosen = nearestLanguage(language, notices.locales.get(notice) ?? new Map<string, never>());
  return language?.toLowerCase().startsWith(chosen) === true ? language : chosen;
}

/** `de-AT` → `de` → `en` */
function nearestLanguage(language: string | null, known: ReadonlyMap<string, unknown>): string {
  const parts = (language ?? "").toLowerCase().split("-");
  for (let length = parts.length; length > 0; length--) {
    const tag = parts.slice(0, length).join("-");
    if (known.has(tag)) return tag;
  }
  return DEFAULT_LANGUAGE;
}

function renderForm(form: Form, templates: readonly Template[], variables: Readonly<Record<string, string>>): string {
  const clean = Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, oneLine(value)]));
  return String(engineOf(form).renderSync([...templates], clean));
}

function engineOf(form: Form): Liquid {
  return form === "body.html.liquid" ? HTML : TEXT;
}

/** Names come from the directory and are hostile input: no line break into a header, no control or bidi mark into a mail. */
function oneLine(value: string): string {
  return value
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/gu, " ") // eslint-disable-line no-control-regex -- they are what is taken out
    .replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, "")
    .trim();
}

function missing(where: string, what: string): FaultText {
  return { what, fix: "Add the file, or delete the rest of its language.", at: { where } };
}
