// Waits for a condition, not for a time: asks again until it holds, and fails with what was seen when it never does.
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  holds: (value: T) => boolean,
  mostMs = 10_000,
): Promise<T> {
  const end = performance.now() + mostMs;
  for (;;) {
    const value = await look();
    if (holds(value)) return value;
    if (performance.now() > end)
      throw new Error(`${what}: not within ${String(mostMs)} ms; last: ${JSON.stringify([value]).slice(0, 500)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
