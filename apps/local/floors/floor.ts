// What a speed floor is: a figure that a part of the embedded runtime has to reach on a small machine (2 cores).
export interface Floor {
  /** What was measured, as a person says it: "broker: received and completed". */
  readonly name: string;
  /** The least that is good enough; where less is better, as of memory, the most. */
  readonly floor: number;
  readonly measured: number;
  /** As in "messages/s". */
  readonly unit: string;
  readonly isReached: boolean;
}
