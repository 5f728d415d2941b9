import HTTPTypes
import Web

/// What the catalogue refuses.
enum CatalogueError: Error, Hashable {
    case productNotFound
    case skuTaken(String)
    case tooManyVariants
    case capacitySold(String)
    case categoryNotFound
    case parentNotFound
    case slugTaken
    case categoryInUse
    case categoryCycle
    case categoryTooDeep
    case tooManyCategories
}

extension CatalogueError: Refusal {
    var answer: (code: String, status: HTTPResponse.Status, detail: String) {
        switch self {
        case .productNotFound: ("product.not_found", .notFound, "there is no such product")
        case .skuTaken(let sku):
            ("product.sku_taken", .conflict, "another variant has the SKU \(sku), or had it once")
        case .tooManyVariants:
            (
                "product.too_many_variants", .conflict,
                "a product has at most \(Product.variantCountMax) variants, past ones included"
            )
        case .capacitySold(let sku):
            (
                "product.capacity_sold", .conflict,
                "more pieces of \(sku) are sold or held than this overbooking allows"
            )
        case .categoryNotFound: ("category.not_found", .notFound, "there is no such category")
        case .parentNotFound:
            ("category.parent_not_found", .unprocessableContent, "there is no such parent")
        case .slugTaken: ("category.slug_taken", .conflict, "there is a category of this slug")
        case .categoryInUse:
            ("category.in_use", .conflict, "products or other categories are in this category")
        case .categoryCycle:
            ("category.cycle", .conflict, "a category can't lie under itself")
        case .categoryTooDeep:
            (
                "category.too_deep", .conflict,
                "categories have at most \(Category.depthMax) levels"
            )
        case .tooManyCategories:
            ("category.too_many", .conflict, "there are at most \(Category.countMax) categories")
        }
    }
}
