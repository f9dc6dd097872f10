// The rollout's page: asks `progress` with the key that it was opened with, and shows the funnel by wave.
import { formatCount, formatShare, formatTime, make } from "./elements.ts";
import type { Progress, Rollout } from "./progress.ts";
import { isProgress } from "./progress.ts";
import { showWave } from "./wave-view.ts";

const EVERY_MS = 2_000;

let shown = "";

async function refresh(): Promise<void> {
  const key = new URLSearchParams(location.search).get("code") ?? "";
  try {
    const answer = await fetch("progress", { headers: { "x-functions-key": key } });
    const body: unknown = answer.ok ? await answer.json() : null;
    if (isProgress(body)) show(body);
    else
      say(
        answer.status === 401 ? "The key in this page's address is not valid." : "The app has no answer; trying again.",
      );
  } catch {
    say("The app cannot be reached; trying again.");
  }
  setTimeout(() => void refresh(), EVERY_MS);
}

function show(progress: Progress): void {
  say(`As of ${formatTime(progress.now)}`);
  const notes = Object.entries(progress.rest).flatMap(([service, until]) =>
    until === null ? [] : [`Microsoft throttles ${service}: it rests until ${formatTime(until)}.`],
  );
  const content = JSON.stringify([progress.rollouts, notes]);
  // What did not change is left alone: a selection or a screen reader's place must survive.
  if (content === shown) return;
  shown = content;
  const parts = progress.rollouts.map(showRollout);
  const nothing = parts.length === 0 ? [make("p", "why", "No rollout has been applied yet.")] : [];
  replace(
    "notes",
    notes.map((note) => make("p", "why", note)),
  );
  replace("rollouts", [...parts, ...nothing]);
}

function showRollout({ rollout, status, users, stops, waves }: Rollout): HTMLElement {
  const enforced = waves.reduce((sum, { phases }) => sum + phases.enforced, 0);
  const head = make(
    "header",
    "",
    make("h2", "", rollout),
    make("span", `state ${status}`, status),
    make(
      "p",
      "total",
      make("strong", "", formatCount(enforced)),
      ` of ${formatCount(users)} users enforced (${formatShare(enforced, users)})`,
    ),
  );
  const paused = stops.map(({ wave, because, by }) =>
    make("p", "why bad", `Paused (${wave === "*" ? "all waves" : wave}) by ${by}: ${because}`),
  );
  return make("article", "", head, ...paused, ...waves.map(showWave));
}

function say(text: string): void {
  replace("status", [make("span", "", text)]);
}

function replace(id: string, children: readonly HTMLElement[]): void {
  document.getElementById(id)?.replaceChildren(...children);
}

void refresh();
