"""A certificate authority of the tests' own, by openssl: certificates for this machine's address, or for another name."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

DAYS = "2"
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True, slots=True)
class Authority:
    """Its own certificate is `ca.pem` in its folder."""

    openssl: Path
    folder: Path

    @classmethod
    def found(cls, openssl: Path, folder: Path) -> "Authority":
        folder.mkdir()
        authority = cls(openssl, folder)
        authority._run(
            "req", "-x509", *NEW_KEY, "-keyout", "ca.key", "-out", "ca.pem", "-days", DAYS, "-subj", f"/CN={folder.name}"
        )
        return authority

    @property
    def certificate(self) -> Path:
        return self.folder / "ca.pem"

    def issue(self, name: str = "IP:127.0.0.1") -> tuple[Path, Path]:
        """Certificate and key of a server that is called so, as in a subjectAltName."""
        self._run("req", *NEW_KEY, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=broker")
        (self.folder / "names").write_text(f"subjectAltName={name}\n")
        signed_by = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", DAYS, "-extfile", "names")
        self._run("x509", "-req", "-in", "server.csr", "-out", "server.pem", *signed_by)
        return self.folder / "server.pem", self.folder / "server.key"

    def _run(self, *command: str) -> None:
        subprocess.run([self.openssl, *command], cwd=self.folder, check=True, capture_output=True)
