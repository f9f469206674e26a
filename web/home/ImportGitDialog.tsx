import { useNavigate } from "@solidjs/router";
import { createSignal } from "solid-js";
import { toCoderError } from "../../shared/errors.ts";
import { useApi } from "../api.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { TextField } from "../ui/TextField.tsx";
import { createFromGit } from "./newProject.ts";

/** Asks for the address of a public repository and makes a project of it. */
export function ImportGitDialog(props: { open: boolean; onClose: () => void; orgId: string | undefined }) {
  const api = useApi();
  const navigate = useNavigate();
  const [url, setUrl] = createSignal("");
  const [problem, setProblem] = createSignal<string>();
  const [pending, setPending] = createSignal(false);

  const run = async (event: SubmitEvent) => {
    event.preventDefault();
    if (props.orgId === undefined) return;
    setPending(true);
    setProblem(undefined);
    try {
      const made = await createFromGit({ api, orgId: props.orgId }, url());
      props.onClose();
      navigate(`/${made.orgSlug}/${made.slug}`);
    } catch (error) {
      setProblem(toCoderError(error).message);
    } finally {
      setPending(false);
    }
  };

  return (
    <Dialog
      open={props.open}
      onOpenChange={(open) => {
        if (!open) props.onClose();
      }}
      title="Import a repository"
      description="All branches and tags come along. Private repositories come in by push."
    >
      <form onSubmit={(event) => void run(event)} class="flex flex-col gap-4">
        <TextField
          label="Address"
          type="url"
          value={url()}
          onChange={setUrl}
          error={problem()}
          placeholder="https://example.com/acme/shop.git"
          autofocus
          required
        />
        <div class="flex justify-end">
          <Button type="submit" variant="primary" pending={pending()} disabled={props.orgId === undefined}>
            {pending() ? "Fetching" : "Import"}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
