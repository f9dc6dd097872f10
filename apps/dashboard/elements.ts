// Elements as text and children only: nothing from outside is ever read as markup.
type Child = HTMLElement | string;

export function make<K extends keyof HTMLElementTagNameMap>(
  name: K,
  className: string,
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  if (className !== "") element.className = className;
  element.append(...children);
  return element;
}

/** `2026-03-09 07:00 UTC` */
export function formatTime(iso: string): string {
  return `${iso.slice(0, 16).replace("T", " ")} UTC`;
}

const whole = new Intl.NumberFormat("en");

export function formatCount(count: number): string {
  return whole.format(count);
}

/** Never 100 % while somebody is missing, never 0 % once somebody is there. */
export function formatShare(part: number, of: number): string {
  if (of === 0 || part === 0) return "0 %";
  if (part === of) return "100 %";
  return `${String(Math.min(99, Math.max(1, Math.round((part / of) * 100))))} %`;
}
