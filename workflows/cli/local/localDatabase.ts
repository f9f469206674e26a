/** The port to a Postgres that one command has for itself. Adapter: `supabase/local/commandDatabase.ts`. */
export interface LocalDatabase {
  /** As the owner of the schema. */
  url: string;
  /** A directory that belongs to this command until it closes the database: checkouts, repositories, caches. */
  directory: string;
  close(): Promise<void>;
}
