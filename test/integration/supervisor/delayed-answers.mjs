// Preloaded into hosts: each message to the supervisor leaves 0 to 20 ms late, in order.
const send = process.send?.bind(process);
let last = Promise.resolve();
if (send) {
  process.send = (...args) => {
    last = last.then(() => new Promise((resolve) => setTimeout(resolve, Math.random() * 20))).then(() => send(...args));
    return true;
  };
}
