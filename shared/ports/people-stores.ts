// Tables `users` (one active rollout a user, and where the user is) and `people` (name, mail, language: erasable, apart).
import type { BatchAddress, UserId } from "../domain/names.ts";

export interface UserPlace extends BatchAddress {
  readonly userId: UserId;
  readonly slot: number;
}

export interface UserIndex {
  /**
   * Claims users for their places; creating is the guard "one active rollout a user".
   *
   * @returns who already has another place; the same place again is no conflict (a torn apply goes on)
   * @throws Unavailable
   */
  claim(places: readonly UserPlace[]): Promise<readonly UserPlace[]>;
  /** One point read. @throws Unavailable */
  find(userId: UserId): Promise<UserPlace | null>;
}

export interface Person {
  readonly userId: UserId;
  readonly displayName: string;
  readonly userPrincipalName: string;
  readonly mail: string;
  readonly language: string;
}

export interface PeopleStore {
  put(people: readonly Person[]): Promise<void>;
  find(userId: UserId): Promise<Person | null>;
}
