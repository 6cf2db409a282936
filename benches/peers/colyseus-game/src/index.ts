import { server } from "./server.ts";

const port = Number(process.env.PORT ?? 2567);
await server.listen(port, "127.0.0.1");
console.log(`listening on ws://127.0.0.1:${port}`);
