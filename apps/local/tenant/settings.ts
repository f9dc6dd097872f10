// The policies of which a tenant has one each, as they were changed last: nothing here applies them, they are kept and shown.
import type { SettingName, TenantEvent } from "./event.ts";

type Body = Readonly<Record<string, unknown>>;

export class Settings {
  readonly #changes = new Map<SettingName, Body>();

  apply(event: TenantEvent): void {
    if (event.t === "setting-changed")
      this.#changes.set(event.setting, { ...this.#changes.get(event.setting), ...event.body });
  }

  /** What was changed, over what the tenant began with. */
  of(setting: SettingName, atFirst: Body): Body {
    return { ...atFirst, ...this.#changes.get(setting) };
  }
}
