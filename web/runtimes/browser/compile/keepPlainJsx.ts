import { types as t, type PluginObj } from "@babel/core";

/** What a person has done to these is lost when they are made anew: text typed, a place in a film, a thing drawn. */
const elementsWithState = new Set([
  "audio",
  "canvas",
  "details",
  "dialog",
  "embed",
  "iframe",
  "input",
  "object",
  "select",
  "textarea",
  "video",
]);

/** The pragma with which `solid-refresh` marks JSX that it has dealt with. */
const done = "@refresh jsx-skip";

/**
 * A Babel plugin to run before `solid-refresh`, which makes a component of every single element so that an edit makes
 * nothing anew but the element that was edited. Elements without components, state, references and inserted values
 * below them lose nothing when they are made anew together: they stay in one piece, which makes an edit's compilation
 * and its run in the page several times cheaper.
 */
export function keepPlainJsx(): PluginObj {
  return {
    name: "keep-plain-jsx",
    visitor: {
      Program({ node }) {
        t.traverseFast(node, (each) => {
          if (!isJsx(each) || !each.children.every(isPlain)) return undefined;
          markBelow(each);
          return t.traverseFast.skip;
        });
      },
    },
  };
}

type Jsx = t.JSXElement | t.JSXFragment;

function isJsx(node: t.Node | null | undefined): node is Jsx {
  return node?.type === "JSXElement" || node?.type === "JSXFragment";
}

function markBelow({ children }: Jsx): void {
  for (const child of children.filter(isJsx)) {
    t.addComment(child, "leading", done);
    markBelow(child);
  }
}

function isPlain(node: t.Node): boolean {
  switch (node.type) {
    case "JSXText":
      return true;
    case "JSXExpressionContainer":
      // Anything else may be an element, or a component's.
      return node.expression.type === "JSXEmptyExpression" || t.isLiteral(node.expression);
    case "JSXFragment":
      return node.children.every(isPlain);
    case "JSXElement":
      return isPlainTag(node.openingElement) && node.children.every(isPlain);
    default:
      return false;
  }
}

function isPlainTag({ name, attributes }: t.JSXOpeningElement): boolean {
  // Capital letters are components, hyphens are custom elements.
  if (name.type !== "JSXIdentifier" || !/^[a-z][a-z\d]*$/.test(name.name) || elementsWithState.has(name.name))
    return false;
  return attributes.every((attribute) => {
    if (attribute.type === "JSXSpreadAttribute") return false;
    const { name: key, value } = attribute;
    if (key.type === "JSXIdentifier" ? key.name === "ref" : key.namespace.name === "use") return false;
    return !isJsx(value?.type === "JSXExpressionContainer" ? value.expression : value);
  });
}
