// What Graph answers, as far as this product reads it. Everything else in an answer is ignored; what is missing or of another kind is
// refused by the schema, never read as a value. Sources: Microsoft Learn "user", "JSON batching", "userRegistrationDetails".
import * as z from "zod";
import { MFA_STATES } from "../domain/names.ts";

/** A schema, for who may not know the library. */
export type Shape<T> = z.ZodType<T>;

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? null);
export const graphUser = z.object({
  id: z.string(),
  userPrincipalName: z.string(),
  displayName: text,
  mail: text,
  accountEnabled: z.boolean().nullish(),
  userType: text,
  department: text,
  preferredLanguage: text,
  createdDateTime: text,
  onPremisesSyncEnabled: z.boolean().nullish(),
});
export const graphPage = z.object({ value: z.array(z.unknown()), "@odata.nextLink": z.string().optional() });
export const graphMfaState = z.object({ perUserMfaState: z.enum(MFA_STATES) });
export const graphMethods = z.object({ value: z.array(z.object({ "@odata.type": z.string() })) });
export const graphRecipient = z.object({ displayName: text, mail: text, preferredLanguage: text });
export const graphReportRow = z.object({
  id: z.string(),
  isMfaCapable: z.boolean(),
  methodsRegistered: z.array(z.string()),
  lastUpdatedDateTime: z.string(),
});
/** A row of the directory's audit: who changed what of whom. */
export const graphAudit = z.object({
  activityDateTime: z.string(),
  initiatedBy: z.object({
    user: z.object({ userPrincipalName: text, displayName: text }).nullish(),
    app: z.object({ displayName: text, appId: text }).nullish(),
  }),
  targetResources: z.array(
    z.object({ id: text, modifiedProperties: z.array(z.object({ displayName: text })).nullish() }),
  ),
});
export type GraphAudit = z.output<typeof graphAudit>;
export type GraphUser = z.output<typeof graphUser>;
export type GraphPage = z.output<typeof graphPage>;

/** The envelope of a `$batch`: its steps are read one by one, so that an odd one spoils no other. */
export const graphEnvelope = z.object({ responses: z.array(z.unknown()) });
export const graphStep = z.object({
  id: z.string(),
  status: z.number(),
  headers: z.record(z.string(), z.unknown()).optional(),
  body: z.unknown().optional(),
});
export type GraphStep = z.output<typeof graphStep>;
export const graphError = z.object({ error: z.object({ code: z.string() }) });
