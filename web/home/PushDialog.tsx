import { createSignal, Show } from "solid-js";
import { toCoderError } from "../../shared/errors.ts";
import { useApi } from "../api.ts";
import { Button, LinkButton } from "../ui/Button.tsx";
import { CopyField } from "../ui/CopyButton.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { TextField } from "../ui/TextField.tsx";
import { createEmpty } from "./newProject.ts";

/** Makes an empty project and shows the commands that push a repository into it. */
export function PushDialog(props: { open: boolean; onClose: () => void; orgId: string | undefined }) {
  const api = useApi();
  const [name, setName] = createSignal("");
  const [problem, setProblem] = createSignal<string>();
  const [pending, setPending] = createSignal(false);
  const [made, setMade] = createSignal<{ path: string; commands: string }>();

  const run = async (event: SubmitEvent) => {
    event.preventDefault();
    if (props.orgId === undefined) return;
    setPending(true);
    setProblem(undefined);
    try {
      const project = await createEmpty({ api, orgId: props.orgId }, name().trim());
      const { token } = await api.gitTokens.create.mutate({
        projectId: project.id,
        name: "First push",
        scope: "write",
      });
      const url = new URL(`/git/${project.orgSlug}/${project.slug}.git`, location.origin);
      url.username = "git";
      url.password = token;
      setMade({
        path: `/${project.orgSlug}/${project.slug}`,
        commands: `git remote add coder ${url.href}\ngit push coder HEAD:main`,
      });
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
        if (open) return;
        setMade(undefined);
        props.onClose();
      }}
      title="Push a repository"
      description="Makes an empty project, and a token that may push to it."
    >
      <Show
        when={made()}
        fallback={
          <form onSubmit={(event) => void run(event)} class="flex flex-col gap-4">
            <TextField
              label="Name of the project"
              value={name()}
              onChange={setName}
              error={problem()}
              autofocus
              required
            />
            <div class="flex justify-end">
              <Button
                type="submit"
                variant="primary"
                pending={pending()}
                disabled={props.orgId === undefined || name().trim() === ""}
              >
                Make the project
              </Button>
            </div>
          </form>
        }
      >
        {(project) => (
          <div class="flex flex-col gap-4">
            <CopyField
              label="Run this in your repository. The token is shown only now."
              text={project().commands}
            />
            <div class="flex justify-end">
              <LinkButton href={project().path} variant="primary">
                Open the project
              </LinkButton>
            </div>
          </div>
        )}
      </Show>
    </Dialog>
  );
}
