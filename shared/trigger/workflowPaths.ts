const workflowFile = /^\.coder\/workflows\/[^/]{1,200}\.(?:ya?ml|json)$/;

/** More files than this in one repository are not looked at. */
const maxWorkflowFiles = 100;

/** The workflow files among a repository's paths. */
export function workflowPaths(paths: readonly string[]): string[] {
  return paths.filter((path) => workflowFile.test(path)).slice(0, maxWorkflowFiles);
}
