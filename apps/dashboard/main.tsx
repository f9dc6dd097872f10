// The rollout's page: asks `progress` with the key that it was opened with, and shows the funnel by wave. Text goes in as text only.
const PHASES = ["queued", "enabled", "notified", "enforced", "excluded", "failed", "held"] as const;
const EVERY_MS = 2_000;

interface Wave {
  readonly wave: string;
  readonly status: string;
  readonly phases: Readonly<Record<string, number>>;
}
interface Progress {
  readonly now: string;
  readonly rollouts: readonly { readonly rollout: string; readonly status: string; readonly waves: readonly Wave[] }[];
}

function cell(kind: "th" | "td", text: string): HTMLElement {
  const made = document.createElement(kind);
  made.textContent = text;
  return made;
}

function row(cells: readonly HTMLElement[]): HTMLElement {
  const made = document.createElement("tr");
  made.append(...cells);
  return made;
}

function show(progress: Progress): void {
  const tables = progress.rollouts.map(({ rollout, status, waves }) => {
    const table = document.createElement("table");
    const caption = document.createElement("caption");
    caption.textContent = `${rollout}: ${status}`;
    const head = row(["wave", "status", ...PHASES].map((name) => cell("th", name)));
    const rows = waves.map((wave) =>
      row([
        cell("th", wave.wave),
        cell("td", wave.status),
        ...PHASES.map((phase) => cell("td", String(wave.phases[phase] ?? 0))),
      ]),
    );
    table.append(caption, head, ...rows);
    return table;
  });
  document.getElementById("waves")?.replaceChildren(...tables);
  say(`As of ${progress.now.slice(0, 16).replace("T", " ")} UTC`);
}

function say(text: string): void {
  const status = document.getElementById("status");
  if (status !== null) status.textContent = text;
}

function isProgress(body: unknown): body is Progress {
  return typeof body === "object" && body !== null && "rollouts" in body && "now" in body;
}

async function refresh(): Promise<void> {
  const key = new URLSearchParams(location.search).get("code") ?? "";
  try {
    const answer = await fetch("progress", { headers: { "x-functions-key": key } });
    const body: unknown = answer.ok ? await answer.json() : null;
    if (isProgress(body)) show(body);
    else say(`The app answers ${String(answer.status)}; trying again`);
  } catch {
    say("The app does not answer; trying again");
  }
  setTimeout(() => void refresh(), EVERY_MS);
}

void refresh();
