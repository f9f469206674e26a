/** What tests of every part start from: a prepared database, or a whole stack. */
export { createTestDatabase, type TestDatabase } from "./testDatabase.ts";
export { startTestStack, type TestStack, type TestUser } from "./testStack.ts";
