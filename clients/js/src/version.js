/** This client, as a server knows it: the name and version of the package. */
export const VERSION = 'greenroom-client-js/0.1.0';
