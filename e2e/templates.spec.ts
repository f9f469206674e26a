import { z } from "zod";
import {
  allEvents,
  apiAsOwner,
  findProject,
  operationalize,
  runEnded,
  startRun,
} from "./fixtures/apiClient.ts";
import { createViteTemplate, zipOf } from "./fixtures/templates.ts";
import { expect, signInAsOwner, test } from "./fixtures/test.ts";

test.use({ stackName: "templates" });

/** Projects that we did not write: what create-vite makes, imported as a zip through the page. */
for (const template of ["vanilla-ts", "react-ts", "solid-ts", "vue-ts", "svelte-ts"]) {
  test(`create-vite's ${template}: imported, seen, operationalized, CI green, deployed`, async ({
    page,
    stack,
    newPerson,
  }) => {
    const heading = { name: "Get started" };
    await signInAsOwner(page);

    await test.step("import, and see it run in the browser", async () => {
      await page.getByLabel("Zip to import").setInputFiles({
        name: `${template}.zip`,
        mimeType: "application/zip",
        buffer: zipOf(await createViteTemplate(template)),
      });
      await page.waitForURL(new RegExp(`/owner/${template}`));
      const preview = page.frameLocator("iframe[title='Preview of the project']");
      await expect(preview.getByRole("heading", heading)).toBeVisible({ timeout: 90_000 });
    });

    const api = await apiAsOwner(stack);
    const project = await findProject(api, new URL(page.url()).pathname);
    // The preview's work is done; the machine is for the worker now.
    await page.goto("about:blank");

    const run = await test.step("operationalize and run its ci.yaml", async () => {
      await operationalize(api, project.id);
      const started = await startRun(api, project.id, ".coder/workflows/ci.yaml");
      const ended = await runEnded(api, { projectId: project.id, number: started.number });
      expect(ended.status).toBe("succeeded");
      return started;
    });

    await test.step("its deployment shows the same page", async () => {
      const events = await allEvents(api, run.id);
      const deployment = events.flatMap(({ event }) =>
        event.type === "artifact.created" && event.artifact.kind === "deploy_url" ? [event.artifact] : [],
      );
      expect(deployment).toHaveLength(1);
      const { url } = z.object({ url: z.url() }).parse(deployment[0]?.data);
      const visitor = await newPerson();
      const response = await visitor.page.goto(url);
      expect(response?.status()).toBe(200);
      await expect(visitor.page.getByRole("heading", heading)).toBeVisible();
    });
  });
}
