/** Files whose contents are secrets: nothing is completed in them, and nothing of them is read for a prompt. */
const secret =
  /^(?:\.env(?:\..*)?|.*\.(?:pem|key|p12|pfx|jks|keystore|kdbx|ppk)|id_(?:rsa|dsa|ecdsa|ed25519)|\.(?:netrc|pgpass|npmrc|pypirc)|credentials|secrets?\.(?:ya?ml|json|toml))$/iu;

export function isSecretFile(path: string): boolean {
  return secret.test(path.split(/[\\/]/u).at(-1) ?? '');
}
