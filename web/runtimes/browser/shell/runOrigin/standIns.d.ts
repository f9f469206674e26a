/** Browser stand-ins of Node modules that come without types; their types are Node's. */
declare module "path-browserify" {
  import path = require("node:path");
  export default path.posix;
}

declare module "readable-stream" {
  import stream = require("node:stream");
  export = stream;
}
