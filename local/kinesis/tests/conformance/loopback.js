// Loaded before the emulator, which would otherwise listen on all interfaces.
const { Server } = require("net");

const listen = Server.prototype.listen;
Server.prototype.listen = function (port, ...rest) {
  const callback = rest.find((argument) => typeof argument === "function");
  return listen.call(this, { port: port.port ?? port, host: "127.0.0.1" }, callback);
};
