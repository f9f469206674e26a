/** What a previewed page may do in its frame: all but moving the page around it away. */
export const previewSandbox =
  "allow-scripts allow-same-origin allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-downloads";
