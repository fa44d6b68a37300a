// The file that lets a package have functions without a body.
