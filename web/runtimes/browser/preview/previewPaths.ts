/** Paths of the preview origin that its static server answers, and not the project. */
export const ownPath = "/__coder/";
export const relayPath = `${ownPath}relay.html`;
