// One wave: its bar, the funnel's counts, and why it waits.
import { formatCount, formatShare, formatTime, make } from "./elements.ts";
import { wordsOf } from "../../shared/domain/failure-words.ts";
import type { Phase } from "../../shared/domain/enrollment.ts";
import type { Wave } from "./progress.ts";
import { PHASES } from "./progress.ts";

/** How far a user has come at least, once in the phase; who left the road counts nowhere further. */
const FUNNEL: readonly { readonly name: string; readonly phases: readonly Phase[] }[] = [
  { name: "enabled", phases: ["enabled", "notified", "enforced"] },
  { name: "notified", phases: ["notified", "enforced"] },
  { name: "enforced", phases: ["enforced"] },
];

export function showWave(wave: Wave): HTMLElement {
  const id = `wave-${wave.wave}`;
  const title = make("h3", "", wave.wave);
  title.id = id;
  const state = make("span", `state ${wave.status}`, describeStatus(wave));
  const section = make("section", "wave", make("header", "", title, state), showBar(wave), showFunnel(wave));
  section.setAttribute("aria-labelledby", id);
  const closed = wave.status === "planned" ? wave.gates.filter(({ result }) => result !== "open") : [];
  if (closed.length > 0) section.append(make("p", "why", `Waits: ${closed.map(({ because }) => because).join("; ")}.`));
  const failures = Object.entries(wave.failures).filter(([, count]) => count > 0);
  if (failures.length > 0) {
    section.append(make("ul", "why bad", ...failures.map(([reason, count]) => showFailure(reason, count))));
  }
  if (wave.notices.uncertain > 0)
    section.append(
      make("p", "why", `${formatCount(wave.notices.uncertain)} notices uncertain: their answer was lost.`),
    );
  return section;
}

function showFailure(reason: string, count: number): HTMLElement {
  const words = wordsOf(reason);
  const said = words === null ? "" : ` ${words.happened} ${words.todo}`;
  return make("li", "", `${formatCount(count)} failed: ${reason}.${said}`);
}

function describeStatus({ status, startAt }: Wave): string {
  return status === "planned" ? `from ${formatTime(startAt)}` : status;
}

function showBar({ phases, users }: Wave): HTMLElement {
  const shown = PHASES.filter((phase) => phases[phase] > 0);
  const bar = make("div", "bar");
  for (const phase of shown) {
    const part = make("span", `part ${phase}`);
    part.style.setProperty("flex-grow", String(phases[phase]));
    bar.append(part);
  }
  bar.setAttribute("role", "img");
  const text = shown.map((phase) => `${formatCount(phases[phase])} ${phase}`).join(", ");
  bar.setAttribute("aria-label", `${formatCount(users)} users: ${text}`);
  const legend = make("ul", "legend");
  for (const phase of shown)
    legend.append(make("li", "", make("span", `dot ${phase}`), `${formatCount(phases[phase])} ${phase}`));
  return make("div", "", bar, legend);
}

function showFunnel({ phases, users }: Wave): HTMLElement {
  const list = make("dl", "funnel");
  const add = (name: string, count: number): void => {
    list.append(make("div", "", make("dt", "", name), make("dd", "", formatCount(count), share(count, users))));
  };
  list.append(make("div", "", make("dt", "", "users"), make("dd", "", formatCount(users))));
  for (const { name, phases: counted } of FUNNEL) {
    add(
      name,
      counted.reduce((sum, phase) => sum + phases[phase], 0),
    );
  }
  return list;
}

function share(count: number, users: number): HTMLElement {
  return make("small", "", formatShare(count, users));
}
