/** What tests of every part start from: a prepared database, or a whole stack. */
export { createTestDatabase, type TestDatabase } from "./testDatabase.ts";
