import FlotillaTesting

@testable import Product
